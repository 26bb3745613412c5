/** Hugepages are added and removed, recorded, mapped, touched and given back. */

import { type Guest, type PagePicture, pageRecord } from '../guest.js';
import { setPages } from '../kernel.js';
import { MappedPages } from '../mapped-pages.js';

const KB_2M = 2048;
const KB_1G = 1_048_576;

export async function hugepages(guest: Guest) {
  const steps: { step: string; pages: PagePicture[] }[] = [];
  const look = async (step: string) => {
    steps.push({ step, pages: await guest.pagePictures() });
  };
  await setPages(0, KB_2M, 96);
  await look('more on node 0');
  await setPages(0, KB_2M, 24);
  await look('fewer on node 0');

  const recorded = await guest.ask(pageRecord('pages', 1, KB_2M, 40));
  await look('recorded on node 1');
  const tooMany = await guest.ask(pageRecord('greedy', 1, KB_2M, 1000));

  const pages = new MappedPages(30, KB_2M);
  await look('mapped');
  await pages.touch();
  await look('touched');
  await setPages(0, KB_2M, 0);
  await setPages(1, KB_2M, 4);
  await look('fewer than are in use');
  pages.unmap();
  await look('given back');
  await setPages(0, KB_2M, 64);
  await setPages(1, KB_2M, 64);
  await look('as before');

  const large = new MappedPages(1, KB_1G);
  await large.touch();
  await look('a page of 1 GiB touched');
  large.unmap();
  await look('a page of 1 GiB given back');
  const forgotten = await guest.ask(pageRecord('pages', 1, KB_2M, -1));
  await look('forgotten');
  return { steps, recorded, tooMany, forgotten };
}
