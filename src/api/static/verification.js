"use strict";
const form = document.querySelector("form"), button = document.querySelector("button"), said = document.querySelector("output");
const say = (text, bad) => { said.textContent = text; said.className = bad ? "bad" : ""; };

// Nothing is sent before somebody asks for it: scanners of mail open links too.
// The token stays out of the history, of logs, and of what other pages are told.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);

// Tokens say by how they begin whether they prove the address of now or bring a new one.
const place = token?.startsWith("gwc_") ? "/auth/email/change/finish" : "/auth/email/verify";

const prove = async () => {
  button.disabled = true;
  say("", false);
  try {
    const answer = await fetch(place, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) });
    if (answer.ok) {
      form.remove();
      say("Your e-mail address is confirmed.", false);
    } else {
      const found = await answer.json();
      say([found.title, found.detail].filter(Boolean).join(" "), true);
    }
  } catch { say("The service does not answer; try again.", true); }
  finally { button.disabled = false; }
};

form.addEventListener("submit", (event) => { event.preventDefault(); prove(); });
if (token) { form.hidden = false; button.focus(); }
else { say("The address has no token: use the link in the mail.", true); }
