"use strict";
const by = (id) => document.getElementById(id);
const form = document.querySelector("form"), button = document.querySelector("button"), said = document.querySelector("output");
const say = (text, bad) => { said.textContent = text; said.className = bad ? "bad" : ""; };

// The token stays out of the history, of logs, and of what other pages are told.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);

const post = async (path, body, bearer) => {
  const headers = { "content-type": "application/json" };
  if (bearer) { headers.authorization = `Bearer ${bearer}`; }
  const answer = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) });
  const found = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) { throw new Refusal([found.title, found.detail].filter(Boolean).join(" ")); }
  return found;
};
class Refusal extends Error {}
const attempt = async (work) => {
  button.disabled = true;
  say("", false);
  try { await work(); }
  catch (error) { say(error instanceof Refusal ? error.message : "The service does not answer; try again.", true); }
  finally { button.disabled = false; }
};

let invited;
const show = () => {
  document.title = `Gatewright: join ${invited.organization}`;
  document.querySelector("h1").textContent = `Join ${invited.organization}`;
  by("about").textContent = `You are invited until ${new Date(invited.expires_at).toLocaleString()}. ` + (invited.registered
    ? "Sign in to accept." : "Choose a password to sign up and accept.");
  by("email").value = invited.email;
  by("password").autocomplete = invited.registered ? "current-password" : "new-password";
  by("hint").textContent = invited.registered ? "" : "At least 15 characters, unless configured otherwise. A few words make a good one.";
  by("new").hidden = invited.registered;
  button.textContent = invited.registered ? "Sign in and accept" : "Sign up and accept";
  form.hidden = false;
  by("password").focus();
};
const accept = async () => {
  const password = by("password").value, name = by("full_name").value.trim();
  if (invited.registered) {
    const { access_token } = await post("/auth/login", { email: invited.email, password });
    try { await post("/auth/invitations/accept", { token }, access_token); }
    // The session was for this alone.
    finally { await post("/auth/logout", undefined, access_token).catch(() => {}); }
  } else {
    await post("/auth/invitations/sign-up", { token, password, ...(name && { full_name: name }) });
  }
  form.remove();
  by("about").textContent = "";
  document.querySelector("h1").textContent = "Welcome";
  say(`You are a member of ${invited.organization}. You can sign in wherever it is used.`, false);
};

form.addEventListener("submit", (event) => { event.preventDefault(); attempt(accept); });
if (token) { attempt(async () => { invited = await post("/auth/invitations/show", { token }); show(); }); }
else { say("The address has no token: use the link in the mail.", true); }
