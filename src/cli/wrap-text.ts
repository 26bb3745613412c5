/** Texts as wide as a terminal is. */

/** Breaks a text into lines of at most `width` characters: behind commas and blanks first. */
export function wrapText(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let piece of text.split(/(?<=[, ])/)) {
    if (line !== '' && (line + piece).trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    while (piece.trimEnd().length > width) {
      lines.push(piece.slice(0, width));
      piece = piece.slice(width);
    }
    line += piece;
  }
  return [...lines, line.trimEnd()];
}

/** Removes blanks at the ends of lines. */
export function trimLines(text: string): string {
  return text.replace(/[ \t]+$/gm, '');
}
