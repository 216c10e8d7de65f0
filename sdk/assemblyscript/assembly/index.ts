// All that a function uses.
export * from "./abi";
export * from "./answer";
export * from "./around";
export * from "./call";
export * from "./request";
export * from "./source";
export * from "./stream";
export * from "./text";
export * from "./view";
export * from "./windows";
