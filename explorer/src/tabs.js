import tour from "./tabs.json";

const operations = import.meta.glob("./tabs/*.graphql", { query: "?raw", import: "default", eager: true });

/** What greets a newcomer: one operation per thing that Starling does, over the people of the demo world. */
export const tabs = tour.map(({ operation, variables }) => ({
  query: operations[`./tabs/${operation}.graphql`],
  variables: variables && JSON.stringify(variables, null, 2),
}));
