/** How comparisons are written for people; the command line prints them. */
export { comparisonMarkdown, comparisonText } from '../experiment/report-text.ts'
