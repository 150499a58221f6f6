import { DefaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** What stands in the place of a payload that could not be decoded. */
export interface Undecodable {
  readonly undecodable: string;
}

/**
 * Anybody with Temporal's CLI can send a signal whose payload is not JSON. Decoding happens before any handler runs, so
 * an error there would fail the workflow task again and again for ever: the marker lets the handler refuse it instead.
 */
class ForgivingPayloadConverter implements PayloadConverter {
  private readonly inner = new DefaultPayloadConverter();

  toPayload<T>(value: T): Payload {
    return this.inner.toPayload(value);
  }

  fromPayload<T>(payload: Payload): T {
    try {
      return this.inner.fromPayload<T>(payload);
    } catch (error) {
      const marker: Undecodable = { undecodable: error instanceof Error ? error.message : String(error) };
      return marker as T;
    }
  }
}

export const payloadConverter = new ForgivingPayloadConverter();
