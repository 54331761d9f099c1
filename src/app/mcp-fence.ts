/** How texts from outside are put before a model: marked as data, without anything that is not seen. */
export { fence } from '../repair/prompt-fence.ts'
