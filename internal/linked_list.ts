/**
 * A doubly-linked list whose nodes are the things themselves, so that one in the middle leaves in
 * O(1) and none is allocated.
 */

/** What a thing needs to stand in a list; it stands in one at a time. */
export interface Linked<Node> {
  previous: Node | null;
  next: Node | null;
}

/** A list of `Node`s, in the order in which they were pushed. */
export class LinkedList<Node extends Linked<Node>> {
  #first: Node | null = null;
  #last: Node | null = null;

  /** The node pushed longest ago, or `null`. */
  get first(): Node | null {
    return this.#first;
  }

  /** Adds `node`, which stands in no list, at the end. */
  pushLast(node: Node): void {
    node.previous = this.#last;
    node.next = null;
    if (this.#last === null) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
  }

  /** Takes out `node`, which stands in this list. */
  remove(node: Node): void {
    if (node.previous === null) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.previous = null;
    node.next = null;
  }
}
