// Calls of other functions: what goes to them and comes back are ranges of pages, not bytes.
import { ENDING_COMPLETED, ENDING_REFUSED, E_CALLEE, E_RANGE, host } from "./abi";
import { Ranges } from "./answer";
import { Source } from "./source";
import { OUT, bytesOf } from "./view";

/** What a call has come to. */
export class CallResult {
  /** One of ENDING_*. */
  ending: u32 = ENDING_REFUSED;
  /** What inlay_handle of the called function returned, if that was not 0. */
  exit: i32 = 0;
  /** Of the response, if the call has completed. */
  status: u32 = 0;
  /** The pieces of its content are the sources first, first + 1, ...; */
  first: u32 = 0;
  /** so many. Not completed: one, a text that says why. */
  count: u32 = 0;
  /** Bytes of all pieces. */
  size: u64 = 0;

  constructor(
    /** 0, of waitAny the child's number, or the code E_*: E_CALLEE where there is a result that says why it has not completed. */
    public code: i32,
  ) {
    if (code >= 0 || code == E_CALLEE) {
      this.ending = load<u32>(OUT);
      this.exit = load<i32>(OUT, 4);
      this.status = load<u32>(OUT, 8);
      this.first = load<u32>(OUT, 12);
      this.count = load<u32>(OUT, 16);
      this.size = load<u64>(OUT, 24);
    }
  }

  get completed(): bool {
    return this.code >= 0 && this.ending == ENDING_COMPLETED;
  }

  /** The whole content, where it is one piece; an empty content is a failure E_RANGE, and so are several pieces. */
  source(): Source {
    if (this.count == 1) return new Source(this.first, this.size);
    const none = new Source(0, 0);
    none.code = this.code < 0 ? this.code : E_RANGE;
    return none;
  }

  /** One of several pieces, of whose size only the called function knows. Requires: index < count. */
  piece(index: u32, size: u64): Source {
    return new Source(this.first + index, size);
  }
}

/** Calls a function and waits for it. Its inputs are the ranges, one source each. Errors: those of inlay_call. */
export function call(name: string, query: string, inputs: Ranges): CallResult {
  const key = bytesOf(name);
  const text = bytesOf(query);
  return new CallResult(host.call(key.address, key.length, text.address, text.length, inputs.address, inputs.count, OUT));
}

/** Has a function called beside this one. Returns its number. Errors: those of inlay_spawn. */
export function spawn(name: string, query: string, inputs: Ranges): i32 {
  const key = bytesOf(name);
  const text = bytesOf(query);
  return host.spawn(key.address, key.length, text.address, text.length, inputs.address, inputs.count);
}

/** Waits for what was spawned with this number. Errors: those of inlay_wait. */
export function wait(child: u32): CallResult {
  return new CallResult(host.wait(child, OUT));
}

/** Waits for the first of these, or of all that there are; `code` is its number. Errors: those of inlay_wait_any. */
export function waitAny(children: StaticArray<u32> | null = null): CallResult {
  const code = children === null
    ? host.wait_any(0, 0, OUT)
    : host.wait_any(changetype<usize>(children), <u32>children.length, OUT);
  return new CallResult(code);
}
