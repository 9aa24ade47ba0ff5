/** Asking the server: JSON, pages as documents, and forms; each failure says whether asking again can help. */

/** The server does not answer, or says that it cannot just now. Asking again later may help. */
export class Away extends Error {}

/** The server answered no. Asking again will not help. */
export class Refused extends Error {}

const PATIENCE = 15_000; // milliseconds

export async function json(address: string, signal?: AbortSignal): Promise<unknown> {
  const signals = [AbortSignal.timeout(PATIENCE), ...(signal ? [signal] : [])];
  return checked(() => fetch(address, { headers: { accept: "application/json" }, signal: AbortSignal.any(signals) }));
}

export async function post(address: string, fields: Readonly<Record<string, string>>): Promise<unknown> {
  return checked(() =>
    fetch(address, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(PATIENCE),
    }),
  );
}

/**
 * A page as a document of its own. Its scripts do not run, and no text passes through a sink for HTML: the browser
 * parses the answer itself.
 */
export function page(address: string): Promise<Document> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.timeout = PATIENCE;
    const away = (): void => failed(new Away("The server does not answer."));
    request.onerror = away;
    request.ontimeout = away;
    request.onload = () => {
      const found = request.responseXML;
      if (request.status >= 500 || !found) away();
      else if (request.status >= 400) failed(new Refused(found.querySelector("main h1")?.textContent ?? "It is refused."));
      else done(found);
    };
    request.send();
  });
}

async function checked(ask: () => Promise<Response>): Promise<unknown> {
  let answer: Response;
  let said: unknown;
  try {
    answer = await ask();
    said = await answer.json();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Away("The server does not answer.");
  }
  if (answer.ok) return said;
  const told = isRecord(said) && typeof said["error"] === "string" ? said["error"] : `It is refused (${answer.status}).`;
  throw answer.status >= 500 ? new Away(told) : new Refused(told);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
