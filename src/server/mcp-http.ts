import { createMcpHandler } from '@modelcontextprotocol/server'
import type { OperationId } from '../client/routes.ts'
import type { Caller, Handlers } from './handler.ts'
import { directClient } from './mcp-direct.ts'
import type { DirectCall } from './mcp-direct.ts'
import { buildMcpServer } from './mcp-server.ts'

/** What `POST /mcp` is served with. */
export interface McpHttpParts {
  readonly handlers: Handlers<OperationId>
  readonly version: string
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
  /** Told of each operation, for the book of changes. */
  readonly onChange?: ((caller: Caller, call: DirectCall) => Promise<void>) | undefined
}

/**
 * Gives what answers `POST /mcp` for a caller that was checked. No request knows of another: each has a server of its own, whose tools may
 * do what the caller may.
 */
export function mcpOverHttp(parts: McpHttpParts): (request: Request, caller: Caller) => Promise<Response> {
  const { handlers, version, stopping, onChange } = parts
  return (request, caller) => {
    const signal = AbortSignal.any([stopping, request.signal])
    const client = directClient({ handlers, caller, signal, onChange: onChange && ((call) => onChange(caller, call)) })
    return createMcpHandler(() => buildMcpServer(client, version), { keepAliveMs: 0 }).fetch(request)
  }
}
