// What the program that starts a rival tells it.
import { readFileSync } from "node:fs";

const { PORT, SECRET, DATABASE_URL, POOL_SIZE, STATEMENTS } = process.env;

export const port = Number(PORT);
export const host = "127.0.0.1";
export const secret = SECRET;

/** Starling's own statements, by name: `{ text, parameters, constants }`. */
export const statements = STATEMENTS && JSON.parse(readFileSync(STATEMENTS, "utf8"));

/** For node-postgres. */
export const connection = { connectionString: DATABASE_URL, max: Number(POOL_SIZE) };
