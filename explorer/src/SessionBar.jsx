import { useState, useSyncExternalStore } from "react";

import { currentPerson, signIn, signOut, subscribe } from "./session.js";
import logo from "./starling.svg";

// The server marks the page when the demo world is in the database, where everybody's password is this one.
const demo = "demo" in document.documentElement.dataset ? { handle: "ada", password: "starling" } : {};

/** The bar above the editor: who is asking. It wears GraphiQL's class so that its theme's variables reach in here. */
export function SessionBar() {
  const person = useSyncExternalStore(subscribe, currentPerson);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function attempt(action) {
    setBusy(true);
    setProblem("");
    await action().catch((error) => setProblem(error.message));
    setBusy(false);
  }

  return (
    <header className="graphiql-container session-bar">
      <img src={logo} alt="" />
      <h1>Starling</h1>
      <p role="alert">{problem}</p>
      {person ? <SignedIn {...{ person, busy, attempt }} /> : <SignedOut {...{ busy, attempt }} />}
    </header>
  );
}

function SignedIn({ person, busy, attempt }) {
  return (
    <>
      <p role="status">
        Signed in as <strong title={person.name}>@{person.handle}</strong>
      </p>
      <button type="button" disabled={busy} onClick={() => attempt(signOut)}>
        Sign out
      </button>
    </>
  );
}

function SignedOut({ busy, attempt }) {
  const [challenge, setChallenge] = useState(); // of somebody whose account asks for a code, too

  function submit(event) {
    event.preventDefault();
    const { login, ...rest } = Object.fromEntries(new FormData(event.currentTarget));
    const sent = challenge ? { challenge, ...rest } : { login: login.trim(), ...rest };
    attempt(async () => setChallenge(await signIn(sent)));
  }

  return (
    <>
      <p role="status">Signed out</p>
      <form aria-label="Sign in" onSubmit={submit}>
        {challenge ? <Code /> : <Password />}
        <button disabled={busy}>Sign in</button>
        {challenge && (
          <button type="button" onClick={() => setChallenge()}>
            Begin again
          </button>
        )}
      </form>
    </>
  );
}

function Password() {
  return (
    <>
      <label>
        Handle or e-mail
        <input name="login" autoComplete="username" autoCapitalize="none" spellCheck={false} required defaultValue={demo.handle} />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required defaultValue={demo.password} />
      </label>
    </>
  );
}

function Code() {
  return (
    <label>
      Code of your app
      <input name="code" autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} required autoFocus />
    </label>
  );
}
