// The package's one entrance: import { ... } from "inlay".
export * from "./assembly/index";
