// Who is asking: a JWT that is verified once, and then known.
import { createVerifier } from "fast-jwt";
import { secret } from "./settings.js";

const verify = createVerifier({ key: secret, algorithms: ["HS256"], allowedIss: "starling", allowedAud: "starling", cache: true });

/** The user's id as a string of digits. Throws where the token isn't good. */
export const viewerOf = (authorization) => verify(authorization.slice("Bearer ".length)).sub;
