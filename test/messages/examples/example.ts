/** When people read a sentence, and the facts for it: the arguments of its function in the catalog. */
export type Example<Facts extends readonly unknown[]> = readonly [when: string, ...facts: Facts];

type Sentence = (...facts: never) => unknown;

type HasSentence<Node> = Node extends Sentence
  ? true
  : Node extends object
    ? true extends { readonly [Key in keyof Node]: HasSentence<Node[Key]> }[keyof Node]
      ? true
      : false
    : false;

type ExampleOf<Node> = Node extends (...facts: infer Facts) => unknown
  ? readonly [Example<Facts>, ...Example<Facts>[]]
  : ExamplesOf<Node>;

/** Examples for a part of the catalog: each function needs one. A text without facts is its own example. */
export type ExamplesOf<Node> = {
  readonly [Key in keyof Node as true extends HasSentence<Node[Key]> ? Key : never]: ExampleOf<Node[Key]>;
};
