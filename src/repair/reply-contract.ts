/** How the model is asked to write its change. */
export type ReplyStrategy = 'blocks' | 'whole_file'

const decline =
  'If the code of the project is not at fault, or you cannot repair it, write one line instead of any change: `CANNOT FIX: ` and the reason.'

const blocks = `First say in one to three sentences what is wrong. Then give the change as one or more blocks, each exactly so:

src/example.py
<<<<<<< SEARCH
lines as they stand in the file now
=======
lines that take their place
>>>>>>> REPLACE

Rules:
- The line before each block is the path of the file, relative to the root of the project, and nothing else.
- SEARCH holds whole lines, copied character by character with their indentation; enough of them to occur once in the file.
- Keep blocks small: the lines that change and two or three around them. Several blocks and several files are fine; blocks of a file apply in order.
- Write every line out. Never shorten with "..." or "rest unchanged"; no line numbers, no diff with @@, no JSON.
- An empty SEARCH makes a new file. Empty REPLACE removes the lines.
- Where the text itself holds a line of ======= or such markers, use nine characters instead of seven in all three markers.
- All blocks are applied, or none.
${decline}`

const wholeFile = `First say in one to three sentences what is wrong. Then give each changed file in full, exactly so:

src/example.py
\`\`\`
the whole new content of the file
\`\`\`

Rules:
- The line before the fence is the path of the file, relative to the root of the project, and nothing else.
- Write the file from its first line to its last. Never shorten with "..." or "rest unchanged"; no line numbers, no diff, no JSON.
- Where the file itself holds a line of three backticks, make the fence around it of four.
- Change as little as possible; give no file that does not change, and no other fences.
${decline}`

/** The rules of the answer as the prompt states them; {@link parseReply} reads what they ask for. */
export const replyContract = (strategy: ReplyStrategy): string => (strategy === 'blocks' ? blocks : wholeFile)
