"use strict";
const form = document.querySelector("form"), button = document.querySelector("button"), said = document.querySelector("output");
const say = (text, bad) => { said.textContent = text; said.className = bad ? "bad" : ""; };

// Nobody is signed in before they ask for it: scanners of mail open links too.
// The code stays out of the history, of logs, and of what other pages are told.
const given = new URLSearchParams(location.hash.slice(1));
const challenge = given.get("token"), code = given.get("code");
history.replaceState(null, "", location.pathname);

const signIn = async () => {
  button.disabled = true;
  say("", false);
  try {
    const answer = await fetch("/auth/login/email/finish", {
      method: "POST",
      headers: { "content-type": "application/json", "session-transport": "cookie" },
      body: JSON.stringify({ challenge, code }),
    });
    if (answer.ok) {
      form.remove();
      say("You are signed in.", false);
    } else {
      const found = await answer.json();
      say([found.title, found.detail].filter(Boolean).join(" "), true);
    }
  } catch { say("The service does not answer; try again.", true); }
  finally { button.disabled = false; }
};

form.addEventListener("submit", (event) => { event.preventDefault(); signIn(); });
if (challenge && code) { form.hidden = false; button.focus(); }
else { say("The address has no code: use the link in the mail.", true); }
