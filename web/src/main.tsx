import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './lib/api.ts'
import { loadLanguage } from './lib/i18n.ts'
import { router } from './router.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/controls.css'
import './styles/parts.css'
import './styles/tables.css'
import './styles/code.css'
import './styles/run.css'

const client = new QueryClient({
  queryCache: new QueryCache({ onError: toLogin }),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      retry: (count, error) => count < 2 && (error instanceof ApiError ? error.problem.retryable : true),
    },
  },
})

/** Whoever is not known has to say who it is, and comes back to where it was. */
function toLogin(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 401) return
  const { pathname, href } = router.state.location
  if (pathname !== '/login') void router.navigate({ to: '/login', search: { next: href }, replace: true })
}

async function start(): Promise<void> {
  // A one-time link leads to the top of the server, because its code must never be part of a request.
  followLink()
  addEventListener('hashchange', followLink)
  await loadLanguage()
  const place = document.getElementById('page')
  if (!place) return
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}

/** The one-time link of a server is `/#code=…`; the page that lets people in takes the code out of the address. */
function followLink(): void {
  if (location.hash.startsWith('#code=')) router.history.replace(`/login${location.hash}`)
}

await start()
