// Before the first paint, so that a chosen theme and language do not flash.
try {
  const theme = localStorage.getItem('greenloop.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // No storage: the system's theme it is.
}
