/** Answers that the server has not confirmed: kept in this browser, in order, until it has. */
import { Away, Refused, isRecord, post } from "./asking.js";

export interface Unsent {
  readonly id: string;
  readonly rank: number;
  readonly address: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Why the server will not take it, where it said so. */
  readonly refused?: string;
}

/** The queue of one reader for one draw of one study and one question. No other queue ever sends what is in it. */
export class Queue {
  readonly #place: string;
  #memory: readonly Unsent[] | undefined; // where the browser keeps nothing

  constructor(draw: string, question: string, reader: string) {
    this.#place = `allegiance.unsent ${JSON.stringify([draw, question, reader])}`;
  }

  all(): readonly Unsent[] {
    if (this.#memory) return this.#memory;
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(this.#place) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isUnsent) : [];
    } catch {
      return [];
    }
  }

  waiting(): readonly Unsent[] {
    return this.all().filter((one) => one.refused === undefined);
  }

  add(rank: number, address: string, fields: Readonly<Record<string, string>>): Unsent {
    const made: Unsent = { id: crypto.randomUUID(), rank, address, fields };
    this.#keep([...this.all(), made]);
    return made;
  }

  drop(id: string): void {
    this.#keep(this.all().filter((one) => one.id !== id));
  }

  /**
   * Sends what waits, in order, up to the first that the server does not answer. What it refuses stays, with the
   * reason. One page of this browser sends at a time.
   *
   * @returns Whether nothing waits any more.
   */
  async send(): Promise<boolean> {
    const work = async (): Promise<boolean> => {
      for (let next = this.waiting()[0]; next; next = this.waiting()[0]) {
        try {
          await post(next.address, next.fields);
          this.drop(next.id);
        } catch (error) {
          if (error instanceof Away) return false;
          if (!(error instanceof Refused)) throw error;
          this.#refuse(next.id, error.message);
        }
      }
      return true;
    };
    return "locks" in navigator ? navigator.locks.request(this.#place, work) : work();
  }

  #refuse(id: string, reason: string): void {
    this.#keep(this.all().map((one) => (one.id === id ? { ...one, refused: reason } : one)));
  }

  #keep(all: readonly Unsent[]): void {
    if (this.#memory) this.#memory = all;
    try {
      if (all.length) localStorage.setItem(this.#place, JSON.stringify(all));
      else localStorage.removeItem(this.#place);
    } catch {
      this.#memory = all;
    }
  }
}

function isUnsent(value: unknown): value is Unsent {
  return (
    isRecord(value) &&
    typeof value["id"] === "string" &&
    typeof value["rank"] === "number" &&
    typeof value["address"] === "string" &&
    value["address"].startsWith("/label/") &&
    isRecord(value["fields"]) &&
    Object.values(value["fields"]).every((field) => typeof field === "string")
  );
}
