/** What a piece of a comparison is: in both texts, or in one of them. */
export type DiffPiece = readonly ['same' | 'left' | 'right', string]
/** Pieces of both texts, in their order. */
export function diffTexts(left: string, right: string): DiffPiece[]
