"use strict";
const form = document.querySelector("form"), button = document.querySelector("button"), said = document.querySelector("output");
const say = (text, bad) => { said.textContent = text; said.className = bad ? "bad" : ""; };

// The token stays out of the history, of logs, and of what other pages are told.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);

const reset = async () => {
  button.disabled = true;
  say("", false);
  try {
    const body = JSON.stringify({ token, password: document.getElementById("password").value });
    const answer = await fetch("/auth/password/reset", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (answer.ok) {
      form.remove();
      say("Your password was changed. Sign in with it wherever you want to.", false);
    } else {
      const found = await answer.json();
      say([found.title, found.detail].filter(Boolean).join(" "), true);
    }
  } catch { say("The service does not answer; try again.", true); }
  finally { button.disabled = false; }
};

form.addEventListener("submit", (event) => { event.preventDefault(); reset(); });
if (token) { form.hidden = false; document.getElementById("password").focus(); }
else { say("The address has no token: use the link in the mail.", true); }
