import type { Colours } from '../terminal.js';

/* Lines of coloured pieces: widths are counted before colours are put on. */

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan' | 'plain';
export type Piece = readonly [text: string, style?: Style];
export type Line = readonly Piece[];

const lengthOf = (text: string): number => Array.from(text).length;

export const lengthOfLine = (line: Line): number => line.reduce((sum, [piece]) => sum + lengthOf(piece), 0);

/** A line with its colours, cut to a width; what was cut ends with an ellipsis. */
export function painted(line: Line, colours: Colours, width: number): string {
  let left = width;
  let text = '';
  const long = lengthOfLine(line) > width;
  for (const [piece, style = 'plain'] of line) {
    if (left <= 0) break;
    const room = long ? left - 1 : left;
    const shown = lengthOf(piece) > room ? `${Array.from(piece).slice(0, Math.max(room, 0)).join('')}…` : piece;
    left -= lengthOf(shown);
    text += style === 'plain' ? shown : colours[style](shown);
  }
  return text;
}

export const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - lengthOf(text)));
export const shortened = (text: string, width: number): string =>
  lengthOf(text) > width
    ? `${Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join('')}…`
    : text;

/** Words on lines of at most this width. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && lengthOf(line) + 1 + lengthOf(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** "1 node", "2 nodes". */
export const counted = (number: number, what: string, several = `${what}s`): string =>
  `${number} ${number === 1 ? what : several}`;

/** A digest that people can compare at a glance. */
export const short = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);
