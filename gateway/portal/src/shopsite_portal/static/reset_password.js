// The link's token is taken out of the address at once: it must not stay in the history or be copied along.
const token = new URLSearchParams(location.search).get("token") ?? "";
history.replaceState(null, "", location.pathname);

const form = document.getElementById("reset");
const outcome = document.getElementById("outcome");

function tell(lines, kind) {
  outcome.className = kind;
  outcome.replaceChildren(
    ...lines.map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    }),
  );
}

function sentencesOf(problem) {
  const sentences = Object.values(problem.details ?? {}).flat().filter((entry) => typeof entry === "string");
  return sentences.length ? sentences : [problem.error ?? "Something went wrong. Please try again."];
}

async function send() {
  const fields = new FormData(form);
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      token,
      new_password: fields.get("new_password"),
      confirm_password: fields.get("confirm_password"),
    }),
  });
  if (answer.ok) {
    form.hidden = true;
    tell(["Your password is set. You can sign in with it now."], "good");
  } else {
    tell(sentencesOf(await answer.json()), "bad");
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send();
  } catch {
    tell(["The shop cannot be reached. Please try again."], "bad");
  } finally {
    button.disabled = false;
  }
});

if (!token) {
  form.hidden = true;
  tell(["This link is not complete. Please open the one from the e-mail, or ask for a new one."], "bad");
}
