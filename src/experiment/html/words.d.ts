/** A text of the page with its values filled in. Throws where there is no such text. */
export function say(key: string, values?: Readonly<Record<string, string | number>>): string
/** Escapes text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: unknown): string
