/** Hugepages that this process maps, touches and gives back, as a hypervisor does. */

import { promisify } from 'node:util';
import koffi from 'koffi';
import { lastError, libc } from '../../../src/libc/libc.js';

/** `<sys/mman.h>`, as it is on x86-64. */
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_HUGETLB = 0x40000;
/** The logarithm of the page size stands in these bits. */
const MAP_HUGE_SHIFT = 26;

const mmap = libc.func(
  'void *mmap(void *at, size_t length, int may, int how, int fd, long offset)',
);
const munmap = libc.func('int munmap(void *at, size_t length)');
const memset = libc.func('void *memset(void *at, int byte, size_t length)');
const touch = promisify(memset.async);

/** Pages of one size, one after the other in memory. */
export class MappedPages {
  readonly #address: bigint;
  readonly #bytes: number;
  readonly #pageBytes: number;

  /** Maps them; the kernel reserves, and gives none yet. */
  constructor(count: number, sizeKb: number) {
    this.#pageBytes = sizeKb * 1024;
    this.#bytes = count * this.#pageBytes;
    const size = Math.log2(this.#pageBytes) << MAP_HUGE_SHIFT;
    const how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size;
    const address = mmap(null, this.#bytes, PROT_READ | PROT_WRITE, how, -1, 0);
    this.#address = koffi.address(address);
    if (this.#address === 2n ** 64n - 1n) throw new Error(`mmap: ${lastError()}`);
  }

  /** Writes a byte to each page, so that the kernel has to give it. */
  async touch(): Promise<void> {
    for (let at = 0; at < this.#bytes; at += this.#pageBytes) {
      await touch(this.#address + BigInt(at), 1, 1);
    }
  }

  /** Gives them back. */
  unmap(): void {
    if (munmap(this.#address, this.#bytes) !== 0) throw new Error(`munmap: ${lastError()}`);
  }
}
