import { Cursor } from "../../kafka-cursor.ts";

type Walk = (cursor: Cursor, found: (place: number) => void) => void;

/** The error codes of each answer that the relay reads, by API and version as the relay asks for them. */
const WALKS: Readonly<Record<number, Walk>> = {
  0: (cursor, found) => {
    cursor.skip(1).compactArray(() => {
      cursor.compactString().compactArray(() => {
        cursor.skip(4);
        found(cursor.int16Place());
        cursor.skip(24).compactArray(() => cursor.skip(4).compactString().skip(1));
        cursor.compactString().skip(1);
      });
      cursor.skip(1);
    });
  },
  1: (cursor, found) => {
    cursor.skip(10).array(() => {
      cursor.string().array(() => {
        cursor.skip(4);
        found(cursor.int16Place());
        cursor.skip(24).array(() => cursor.skip(16));
        cursor.skip(4).skip(Math.max(0, cursor.int32()));
      });
    });
  },
  2: (cursor, found) => {
    cursor.skip(4).array(() => {
      cursor.string().array(() => {
        cursor.skip(4);
        found(cursor.int16Place());
        cursor.skip(16);
      });
    });
  },
  3: (cursor, found) => {
    cursor.skip(4).array(() => cursor.skip(4).string().skip(4).string());
    cursor
      .string()
      .skip(4)
      .array(() => {
        found(cursor.int16Place());
        cursor
          .string()
          .skip(1)
          .array(() => {
            cursor.skip(14);
            for (let list = 0; list < 3; list++) cursor.array(() => cursor.skip(4));
          });
        cursor.skip(4);
      });
  },
  10: (cursor, found) => found(cursor.skip(4).int16Place()),
  18: (cursor, found) => found(cursor.int16Place()),
  19: (cursor, found) => {
    cursor.skip(4).array(() => {
      cursor.string();
      found(cursor.int16Place());
      cursor.string();
    });
  },
  22: (cursor, found) => found(cursor.skip(5).int16Place()),
  24: (cursor, found) => {
    cursor.skip(4).array(() => cursor.string().array(() => found(cursor.skip(4).int16Place())));
  },
  32: (cursor, found) => {
    cursor.skip(4).array(() => {
      found(cursor.int16Place());
      cursor.string().skip(1).string();
      cursor.array(() => {
        cursor.string().string().skip(3);
        cursor.array(() => cursor.string().string().skip(1));
      });
    });
  },
  65: (cursor, found) => found(cursor.skip(6).int16Place()),
};

const API_END_TXN = 26;

/** Where the error codes of an answer stand. */
export function errorPlaces(apiKey: number, apiVersion: number, answer: Buffer): number[] {
  const places: number[] = [];
  const cursor = new Cursor(answer);
  if (apiKey === API_END_TXN) places.push(cursor.skip(apiVersion >= 5 ? 5 : 4).int16Place());
  else WALKS[apiKey]?.(cursor, (place) => places.push(place));
  return places;
}
