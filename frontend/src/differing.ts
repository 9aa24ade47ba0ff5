/** In which words two texts differ: the fewest words to take out and put in (Myers 1986, greedy, forward). */

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export interface Differing {
  /** Code units of either text, in order. */
  readonly left: readonly Stretch[];
  readonly right: readonly Stretch[];
  /** Words that are in neither, and words of both texts. */
  readonly words: number;
  readonly of: number;
}

const FURTHEST = 2_000; // words apart; beyond, all between the common ends is told as different
const SHORTEST = 3; // words in common that stand alone between differences; fewer are an accident

interface Word extends Stretch {
  readonly text: string;
}

type Pair = readonly [number, number];

export function differing(left: string, right: string): Differing {
  const [a, b] = [words(left), words(right)];
  const same = common(a, b);
  const lost = stretches(a, new Set(same.map(([x]) => x)));
  const gained = stretches(b, new Set(same.map(([, y]) => y)));
  return { left: lost, right: gained, words: a.length + b.length - 2 * same.length, of: a.length + b.length };
}

function words(text: string): readonly Word[] {
  const found: Word[] = [];
  for (const { segment, index } of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)) {
    if (segment.trim()) found.push({ text: segment, start: index, end: index + segment.length });
  }
  return found;
}

/** Places of the words that both have, in order, without those that are alone. */
function common(a: readonly Word[], b: readonly Word[]): readonly Pair[] {
  const same = (x: number, y: number): boolean => a[x]?.text === b[y]?.text;
  let head = 0;
  while (head < a.length && head < b.length && same(head, head)) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && same(a.length - 1 - tail, b.length - 1 - tail)) tail += 1;
  const found: Pair[] = [];
  for (let at = 0; at < head; at += 1) found.push([at, at]);
  found.push(...middle(head, a.length - tail, b.length - tail, same));
  for (let at = tail; at > 0; at -= 1) found.push([a.length - at, b.length - at]);
  return together(found, a.length, b.length);
}

/** The longest way through both from `head`, to `n` in one and `m` in the other. */
function middle(head: number, n: number, m: number, same: (x: number, y: number) => boolean): readonly Pair[] {
  const [width, height] = [n - head, m - head];
  if (!width || !height) return [];
  const kept: Int32Array[] = []; // after d steps, how far each diagonal has come
  const far = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(width + height, FURTHEST); d += 1) {
    const now = new Int32Array(2 * d + 1).fill(-1);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
      let x = down ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < width && x - k < height && same(head + x, head + x - k)) x += 1;
      far.set(k, x);
      now[k + d] = x;
      if (x >= width && x - k >= height) return back(kept, width, height, head);
    }
    kept.push(now);
  }
  return [];
}

function back(kept: readonly Int32Array[], width: number, height: number, head: number): readonly Pair[] {
  const found: Pair[] = [];
  let [x, y] = [width, height];
  for (let d = kept.length; d >= 0; d -= 1) {
    const before = kept[d - 1];
    const come = (k: number): number => (before && Math.abs(k) < d ? (before[k + d - 1] ?? -1) : -1);
    const k = x - y;
    const down = k === -d || (k !== d && come(k - 1) < come(k + 1));
    const from = d === 0 ? 0 : down ? come(k + 1) : come(k - 1);
    const to = d === 0 ? 0 : from - (down ? k + 1 : k - 1);
    while (x > from && y > to && x > 0 && y > 0 && (d === 0 || x > (down ? from : from + 1))) {
      x -= 1;
      y -= 1;
      found.push([head + x, head + y]);
    }
    [x, y] = [from, to];
  }
  return found.reverse();
}

/** Without runs of common words that are too short to mean something, except at either end. */
function together(found: readonly Pair[], n: number, m: number): readonly Pair[] {
  const runs: Pair[][] = [];
  for (const pair of found) {
    const last = runs.at(-1)?.at(-1);
    if (last && last[0] + 1 === pair[0] && last[1] + 1 === pair[1]) runs.at(-1)?.push(pair);
    else runs.push([pair]);
  }
  const edge = (run: readonly Pair[]): boolean => {
    const [first, last] = [run[0], run.at(-1)];
    return (first?.[0] === 0 && first[1] === 0) || (last?.[0] === n - 1 && last[1] === m - 1);
  };
  return runs.filter((run) => run.length >= SHORTEST || edge(run)).flat();
}

/** The words that are not in common, those beside each other as one stretch. */
function stretches(all: readonly Word[], same: ReadonlySet<number>): readonly Stretch[] {
  const found: { start: number; end: number }[] = [];
  let open = false;
  for (const [at, word] of all.entries()) {
    const last = found.at(-1);
    if (same.has(at)) open = false;
    else if (open && last) last.end = word.end;
    else {
      found.push({ start: word.start, end: word.end });
      open = true;
    }
  }
  return found;
}
