import { RelayError } from "../relay/errors.ts";

/** A request got no answer because the broker had asked for a pause that was not over. */
export class LostInPause extends RelayError {
  constructor({ code, remedy, message, cause }: RelayError, pause: RelayError) {
    super(`${message}; before that ${pause.message}`, { code, remedy, hint: pause.hint, cause });
  }
}
