// The token of whoever looks at the page. It lives in this tab alone, and goes when the tab is closed.
const KEY = "muster-token";

export function token(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function keepToken(text: string): void {
  sessionStorage.setItem(KEY, text);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}
