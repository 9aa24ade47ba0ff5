/**
 * Places in the page and places in the stored text. A place in the text is counted in code points; a character that
 * the page writes out (`.unseen`) is one code point, however long it stands there.
 */

export interface Place {
  readonly message: number;
  readonly part: number;
  readonly start: number;
  readonly end: number;
  /** The stored words. */
  readonly text: string;
  /** Whether more was selected than this part: a place is within one part of one message. */
  readonly cut: boolean;
}

interface Piece {
  readonly node: Text;
  /** The stored text of this piece. */
  readonly text: string;
  /** Written out: all of it is one code point. */
  readonly one: boolean;
}

const QUOTABLE = ".part[data-message] > .words";

function* pieces(words: Element): Generator<Piece> {
  const walk = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const text = node as Text;
    const code = text.parentElement?.closest<HTMLElement>(".unseen")?.dataset["code"];
    yield code === undefined
      ? { node: text, text: text.data, one: false }
      : { node: text, text: character(parseInt(code, 16)), one: true };
  }
}

function character(code: number): string {
  return code >= 0xd800 && code <= 0xdfff ? String.fromCharCode(code) : String.fromCodePoint(code);
}

/** Code points of a text; half of a pair counts as one. */
export function length(text: string): number {
  let n = 0;
  for (const _ of text) n += 1;
  return n;
}

/** Where a selection stands in the stored text, within the first part that it touches. */
export function placeOf(range: Range, within: ParentNode): Place | undefined {
  let found: Omit<Place, "cut"> | undefined;
  for (const words of within.querySelectorAll<HTMLElement>(QUOTABLE)) {
    if (!range.intersectsNode(words)) continue;
    const here = stretch(range, words);
    if (here && found) return { ...found, cut: true };
    found ??= here;
  }
  return found && { ...found, cut: false };
}

function stretch(range: Range, words: HTMLElement): Omit<Place, "cut"> | undefined {
  let at = 0;
  let start = -1;
  let text = "";
  for (const piece of pieces(words)) {
    const [from, to] = overlap(range, piece);
    if (from < to) {
      if (start < 0) start = at + length(piece.text.slice(0, from));
      text += piece.text.slice(from, to);
    } else if (start >= 0) break;
    at += piece.one ? 1 : length(piece.text);
  }
  if (!text) return undefined;
  const data = words.parentElement?.dataset;
  return { message: Number(data?.["message"]), part: Number(data?.["part"]), start, end: start + length(text), text };
}

/** What of a piece is in a range, in code units of its stored text; no pair is cut in two. */
function overlap(range: Range, piece: Piece): readonly [number, number] {
  const { node } = piece;
  const full = node.data.length;
  let from = range.startContainer === node ? range.startOffset : range.comparePoint(node, 0) < 0 ? full : 0;
  let to = range.endContainer === node ? range.endOffset : range.comparePoint(node, full) > 0 ? 0 : full;
  if (piece.one) return from < to ? [0, piece.text.length] : [0, 0];
  if (from < to && low(node.data, from)) from -= 1;
  if (from < to && low(node.data, to)) to += 1;
  return [from, to];
}

function low(text: string, at: number): boolean {
  return at > 0 && at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** The range of a place in the page. */
export function rangeOf(place: Pick<Place, "message" | "part" | "start" | "end">, within: ParentNode): Range | undefined {
  const words = within.querySelector(
    `.part[data-message="${place.message}"][data-part="${place.part}"] > .words`,
  );
  if (!words) return undefined;
  const range = document.createRange();
  let at = 0;
  let open = false;
  for (const piece of pieces(words)) {
    const size = piece.one ? 1 : length(piece.text);
    if (!open && place.start < at + size) {
      range.setStart(piece.node, units(piece, place.start - at));
      open = true;
    }
    if (open && place.end <= at + size) {
      range.setEnd(piece.node, piece.one ? piece.node.data.length : units(piece, place.end - at));
      return range;
    }
    at += size;
  }
  return undefined;
}

/** Code points from the beginning of a piece, in code units of its node. */
function units(piece: Piece, points: number): number {
  if (piece.one || points <= 0) return 0;
  let n = 0;
  for (const char of piece.text) {
    if (points-- <= 0) break;
    n += char.length;
  }
  return n;
}

/** How often words stand in the quotable parts; no two overlap. */
export function times(text: string, within: ParentNode): number {
  let n = 0;
  for (const words of within.querySelectorAll(QUOTABLE)) {
    let stored = "";
    for (const piece of pieces(words)) stored += piece.text;
    n += stored.split(text).length - 1;
  }
  return n;
}

/** Marks ranges by a name of workbench.css, without touching the page. False where the browser cannot. */
export function paint(name: string, ranges: readonly Range[]): boolean {
  if (!("highlights" in CSS)) return false;
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
  return true;
}
