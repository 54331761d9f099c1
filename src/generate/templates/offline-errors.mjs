/** Error that a call ends with, or `undefined`. */
async function errorOf(call) {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}
