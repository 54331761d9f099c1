import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, snippet } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  indentOnInput,
  syntaxHighlighting,
  syntaxTree,
} from '@codemirror/language'
import { lintGutter, setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorSelection, EditorState, Transaction } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { placeAt } from './place.ts'
import { keySuggestions, valueSuggestions } from './schema.ts'
import { highlighting, theme } from './theme.ts'
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import type { Diagnostic } from '@codemirror/lint'
import type { Extension } from '@codemirror/state'
import type { Mark } from './marks.ts'
import type { JsonPlace } from './place.ts'
import type { Schema, Suggestion } from './schema.ts'

/** What an editor is opened with. */
export interface EditorOptions {
  /** Empty element that it is put into. */
  readonly host: HTMLElement
  readonly text: string
  /** For screen readers. */
  readonly label: string
  readonly isReadOnly: boolean
  /** Of JSON there are colours and suggestions. */
  readonly format: EditorFormat
  readonly schema: Schema | undefined
  readonly onChange: (text: string) => void
}

/** How a text is written. */
export type EditorFormat = 'json' | 'plain'

/** An editor that is open. */
export interface OpenEditor {
  /** Puts another text in place; nothing happens where it is there already. */
  setText(text: string): void
  setFormat(format: EditorFormat, schema: Schema | undefined): void
  setMarks(marks: readonly Mark[]): void
  /** Goes to a line and column, both from 1. */
  goTo(line: number, column: number): void
  close(): void
}

/** Opens an editor in a shadow root: its styles are no part of the page's, and need no `<style>`. */
export function openEditor(options: EditorOptions): OpenEditor {
  const root = options.host.shadowRoot ?? options.host.attachShadow({ mode: 'open' })
  const language = new Compartment()
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        extensions(options),
        language.of(languageOf(options.format, options.schema)),
        EditorView.updateListener.of((update) => {
          const isOurs = update.transactions.some((each) => each.annotation(Transaction.remote) === true)
          if (update.docChanged && !isOurs) options.onChange(update.state.doc.toString())
        }),
      ],
    }),
  })
  return {
    setText(text) {
      if (text === view.state.doc.toString()) return
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: Transaction.remote.of(true),
      })
    },
    setFormat: (format, schema) => view.dispatch({ effects: language.reconfigure(languageOf(format, schema)) }),
    setMarks: (marks) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          marks.map((mark) => diagnosticOf(view.state, mark)),
        ),
      ),
    goTo(line, column) {
      const at = offsetOf(view.state, line, column)
      view.dispatch({ selection: EditorSelection.cursor(at), effects: EditorView.scrollIntoView(at, { y: 'center' }) })
      view.focus()
    },
    close: () => view.destroy(),
  }
}

function extensions({ label, isReadOnly }: EditorOptions): Extension {
  const editing = [
    history(),
    closeBrackets(),
    indentOnInput(),
    autocompletion({ icons: false }),
    keymap.of([
      // The page starts the run with it; no line is to be added on the way.
      { key: 'Mod-Enter', run: () => true },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
    ]),
  ]
  return [
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    highlightSpecialChars(),
    drawSelection(),
    bracketMatching(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', 'aria-readonly': String(isReadOnly) }),
    EditorState.readOnly.of(isReadOnly),
    EditorState.tabSize.of(2),
    isReadOnly ? [] : editing,
    keymap.of([...foldKeymap, ...defaultKeymap]),
    theme,
    syntaxHighlighting(highlighting),
  ]
}

function languageOf(format: EditorFormat, schema: Schema | undefined): Extension {
  if (format !== 'json') return []
  const support = json()
  if (schema === undefined) return support
  return [support, support.language.data.of({ autocomplete: suggestions(schema) })]
}

function suggestions(schema: Schema) {
  return ({ state, pos, explicit }: CompletionContext): CompletionResult | null => {
    const place = placeAt(syntaxTree(state), (from, to) => state.sliceDoc(from, to), pos)
    if (place === undefined || (!explicit && place.from === pos)) return null
    const found =
      place.kind === 'key' ? keySuggestions(schema, place.way, place.present) : valueSuggestions(schema, place.way)
    return found.length === 0
      ? null
      : { from: place.from, options: found.map((each) => completionOf(each, place)), validFor: /^"?[\w$.-]*$/ }
  }
}

function completionOf({ label, snippet: text, detail, info, isRequired }: Suggestion, place: JsonPlace): Completion {
  const isKey = place.kind === 'key'
  const name = isKey ? JSON.stringify(label) : label
  return {
    // What is typed is held against it, and that begins with the quote.
    label: name,
    displayLabel: label,
    detail,
    ...(info === undefined ? {} : { info }),
    boost: isRequired ? 1 : 0,
    apply: (...[view, completion, from, to]) => {
      const isQuoted = view.state.sliceDoc(from, from + 1) === '"'
      const rest = (isQuoted ? quotedRest : wordRest).exec(view.state.sliceDoc(to, to + 200))?.[0] ?? ''
      snippet(isKey && place.hasColon ? name : text)(view, completion, from, to + rest.length)
    },
  }
}

/** What is left of the word that the cursor stands in; of a quoted one with its quote. */
const wordRest = /^[\w$.-]*/
const quotedRest = /^[\w$.-]*"?/

function diagnosticOf(state: EditorState, { line, column, length, severity, message }: Mark): Diagnostic {
  const from = offsetOf(state, line, column)
  const to = Math.min(state.doc.lineAt(from).to, from + Math.max(1, length))
  return { from, to: Math.max(from, to), severity, message }
}

function offsetOf(state: EditorState, line: number, column: number): number {
  const { from, to } = state.doc.line(Math.min(Math.max(1, line), state.doc.lines))
  return Math.min(to, from + Math.max(0, column - 1))
}
