"""The page on which a customer lands after Paystack's, where no shop front is set.

It says how the payment stands. While that is not known it asks again by itself, and changes when there is an answer;
without a script it has a link that does the same.
"""

import base64
import hashlib
from html import escape

from shopsite_payments.domain.payments import PaymentStatus

_STYLE = """\
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fbfaf7; --card: #fff; --line: #d8d4ca; --quiet: #5f6672;
  --good: #1f5f4a; --busy: #7a5200; --bad: #9b2c1f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e6e0; --paper: #171a1f; --card: #20242b; --line: #3a3f47; --quiet: #a9b0ba;
    --good: #7cc7a8; --busy: #e3b65c; --bad: #f0907f; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 30rem; margin: 12vh auto 4rem; padding: 0 1.25rem; text-align: center; }
article { padding: 2rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
svg { width: 4rem; height: 4rem; fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; }
.good svg { color: var(--good); } .busy svg { color: var(--busy); } .bad svg { color: var(--bad); }
h1 { margin: .75rem 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: .5rem 0; } a { color: inherit; }
.quiet { color: var(--quiet); font-size: .875rem; } code { word-break: break-all; }
"""
# ever slower, for about two minutes: the worker goes on looking, and a mail tells the end
_SCRIPT = """\
const pauses = [2, 2, 3, 3, 5, 5, 10, 10, 20, 30, 30];
async function look() {
  for (const seconds of pauses) {
    await new Promise((done) => setTimeout(done, 1000 * seconds));
    try {
      const answer = await fetch(location.href, { headers: { Accept: "application/json" } });
      if (answer.ok && (await answer.json()).status !== "INITIALIZED") return location.reload();
    } catch { /* the shop is away for a moment */ }
  }
  document.getElementById("waiting").textContent = "We write to you as soon as your payment is here.";
}
look();
"""
_SHAPES = {
    "good": '<circle cx="12" cy="12" r="10"/><path d="m7.5 12.5 3 3 6-6.5"/>',
    "busy": '<circle cx="12" cy="12" r="10"/><path d="M12 6.5V12l3.5 2.5"/>',
    "bad": '<circle cx="12" cy="12" r="10"/><path d="m8.5 8.5 7 7m0-7-7 7"/>',
}
_WORDS = {
    PaymentStatus.INITIALIZED: (
        "busy",
        "We are waiting for your payment",
        "If you have not paid yet, go back and pay.",
    ),
    PaymentStatus.SUCCEEDED: ("good", "Thank you, your payment has arrived", "We are preparing your order."),
    PaymentStatus.FAILED: ("bad", "Your payment was declined", "No money was taken. Please try again."),
    PaymentStatus.HELD: ("busy", "Your payment is being looked at", "We will write to you as soon as we know more."),
    PaymentStatus.REFUNDING: ("busy", "Your money is on its way back", "Your bank may take some days to show it."),
    PaymentStatus.REFUNDED: ("good", "Your money has gone back", "Your bank may take some days to show it."),
}


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_hash_of(_STYLE)}; script-src {_hash_of(_SCRIPT)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


def render(status: PaymentStatus, *, reference: str, shop: str) -> str:
    """Return the page as HTML; its style and its script are the ones that ``HEADERS`` let in."""
    tone, title, sentence = _WORDS[status]
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · {escape(shop)}</title><style>{_STYLE}</style></head>\n"
        f'<body><main><article class="{tone}"><svg viewBox="0 0 24 24" aria-hidden="true">{_SHAPES[tone]}</svg>'
        f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>"
        f"{_waiting(reference) if status is PaymentStatus.INITIALIZED else ''}"
        f'<p class="quiet">Reference <code>{escape(reference)}</code></p></article>'
        f'<p class="quiet">{escape(shop)}</p></main></body></html>\n'
    )


def _waiting(reference: str) -> str:
    again = f"?reference={escape(reference)}"
    return (
        '<p id="waiting" class="quiet" role="status">This page looks again by itself, and changes when it is here. '
        f'<a href="{again}">Look now</a></p><script>{_SCRIPT}</script>'
    )
