const form = document.querySelector("form"), said = document.querySelector("output");
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const say = (text, bad) => { said.textContent = text; said.className = bad ? "bad" : ""; };
if (token) { history.replaceState(null, "", location.pathname); }
else { say("The address has no token: use the link that the service printed when it started.", true); }
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { token: token || "", email: form.email.value, password: form.password.value };
  if (form.full_name.value.trim()) { body.full_name = form.full_name.value; }
  try {
    const answer = await fetch("/auth/setup", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    const found = await answer.json();
    if (answer.ok) { form.remove(); say(`${found.email} is the administrator. You can sign in now.`, false); }
    else { say([found.title, found.detail].filter(Boolean).join(" "), true); }
  } catch { say("The service does not answer; try again.", true); }
});
