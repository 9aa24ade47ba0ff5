/** What keys do: the actions, where they apply, and which keys a reader has given them. */
import { isRecord } from "./asking.js";

export type Scope = "everywhere" | "list" | "reading" | "bench";

export interface Act {
  readonly name: string;
  readonly does: string;
  readonly keys: string;
  readonly scope: Scope;
  /** Cannot be given another key. */
  readonly fixed?: boolean;
}

export const ACTS: readonly Act[] = [
  { name: "help", does: "show the keys", keys: "?", scope: "everywhere" },
  { name: "search", does: "go to the search field", keys: "/", scope: "everywhere" },
  { name: "down", does: "down; in the list, the next row", keys: "j", scope: "everywhere" },
  { name: "up", does: "up; in the list, the row before", keys: "k", scope: "everywhere" },
  { name: "top", does: "to the top", keys: "gg", scope: "everywhere" },
  { name: "bottom", does: "to the end", keys: "G", scope: "everywhere" },
  { name: "open", does: "open the row", keys: "Enter", scope: "list", fixed: true },
  { name: "after", does: "next in this draw", keys: "]", scope: "reading" },
  { name: "before", does: "previous in this draw", keys: "[", scope: "reading" },
  { name: "forward", does: "next message", keys: "n", scope: "reading" },
  { name: "back", does: "previous message", keys: "p", scope: "reading" },
  { name: "cite", does: "cite the words that are selected", keys: "c", scope: "reading" },
  { name: "answer", does: "the answers, in their order", keys: "1–9", scope: "bench", fixed: true },
  { name: "yes", does: "yes, where it is an answer", keys: "y", scope: "bench" },
  { name: "no", does: "no, where it is an answer", keys: "n", scope: "bench" },
  { name: "unsure", does: "unsure: looked, and cannot tell", keys: "u", scope: "bench" },
  { name: "unrated", does: "unrated: cannot be rated at all", keys: "x", scope: "bench" },
  { name: "skip", does: "skip; it comes again at the end", keys: "s", scope: "bench" },
  { name: "undo", does: "take the last answer back", keys: "z", scope: "bench" },
  { name: "note", does: "write a note; Escape leaves it", keys: "c", scope: "bench" },
  { name: "quote", does: "quote the words that are selected", keys: "v", scope: "bench" },
];

export interface Told {
  readonly act: string;
  readonly key: string;
}

/** Elements listen for this on the document; the first that does it says so by preventing the default. */
export const EVENT = "al-act";

export function tell(told: Told): boolean {
  return !document.dispatchEvent(new CustomEvent<Told>(EVENT, { detail: told, cancelable: true }));
}

export function listen(handle: (told: Told) => boolean, signal: AbortSignal): void {
  const heard = (event: Event): void => {
    if (!event.defaultPrevented && handle((event as CustomEvent<Told>).detail)) event.preventDefault();
  };
  document.addEventListener(EVENT, heard, { signal });
}

const PLACE = "allegiance.keys";

/** Which keys are given to which actions, and whether keys do anything; kept in this browser. */
export class Choice {
  off = false;
  readonly given = new Map<string, string>();

  constructor() {
    this.read();
  }

  key(act: Act): string {
    return this.given.get(act.name) ?? act.keys;
  }

  /** The action of a key among those of a page; undefined if it is none. */
  act(key: string, scopes: ReadonlySet<Scope>): Act | undefined {
    return ACTS.find((act) => scopes.has(act.scope) && act.name !== "answer" && this.key(act) === key);
  }

  /** The action that has a key already wherever this one applies too. */
  taken(act: Act, key: string): Act | undefined {
    const meets = (other: Act): boolean =>
      other.scope === act.scope || other.scope === "everywhere" || act.scope === "everywhere";
    const begins = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);
    if (/^[1-9]$/u.test(key)) return ACTS.find((other) => other.name === "answer");
    return ACTS.find((other) => other !== act && meets(other) && begins(this.key(other), key));
  }

  give(act: Act, key: string): void {
    if (key === act.keys) this.given.delete(act.name);
    else this.given.set(act.name, key);
    this.write();
  }

  turn(off: boolean): void {
    this.off = off;
    this.write();
  }

  reset(): void {
    this.off = false;
    this.given.clear();
    this.write();
  }

  private read(): void {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
      if (!isRecord(kept)) return;
      this.off = kept["off"] === true;
      const given = isRecord(kept["given"]) ? kept["given"] : {};
      for (const act of ACTS) {
        const key = given[act.name];
        if (typeof key === "string" && key && !act.fixed) this.given.set(act.name, key);
      }
    } catch {
      // What was kept cannot be read: the keys are as they were made.
    }
  }

  private write(): void {
    try {
      localStorage.setItem(PLACE, JSON.stringify({ off: this.off, given: Object.fromEntries(this.given) }));
    } catch {
      // A browser that keeps nothing: the choice holds for this page.
    }
  }
}
