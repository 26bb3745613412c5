/** Hugepages that come, are recorded and used, and go. */

import { expect } from 'chai';
import { expectPagesAgree } from './agreement.js';
import { useReport } from './reports.js';

describe('hugepages of a real kernel', () => {
  const report = useReport('hugepages');

  /** One node and size in one step. */
  const pagesAt = (step: string, nodeId: number, sizeKb = 2048) => {
    const pages = report().steps.find((one) => one.step === step)?.pages ?? [];
    const found = pages.find((page) => page.nodeId === nodeId && page.sizeKb === sizeKb);
    if (found === undefined) throw new Error(`nothing of node ${nodeId} in ${step}`);
    return found;
  };
  const usedAt = (step: string, sizeKb = 2048) =>
    [0, 1]
      .map((node) => pagesAt(step, node, sizeKb))
      .reduce((sum, { total, kernelFree }) => sum + total - kernelFree, 0);

  it('are counted as the kernel counts them, and those recorded are taken off, in every step', () => {
    for (const { step, pages } of report().steps) expectPagesAgree(pages, step);
  });

  it('are seen at once when an operator adds or removes some', () => {
    expect(pagesAt('more on node 0', 0).daemonTotal).to.equal(96);
    expect(pagesAt('fewer on node 0', 0).daemonTotal).to.equal(24);
  });

  it('are recorded up to what is left, and not beyond', () => {
    const { recorded, tooMany, forgotten } = report();
    expect(recorded).to.include({ allocation_successful: true });
    expect(pagesAt('recorded on node 1', 1).recorded).to.be.at.least(40);
    expect(tooMany['code']).to.equal('INSUFFICIENT_HUGEPAGES');
    expect(forgotten).not.to.have.property('error');
  });

  it('are in use once they are touched, and free once they are given back', () => {
    expect(usedAt('mapped')).to.equal(0);
    expect(usedAt('touched')).to.equal(30);
    expect(usedAt('given back')).to.equal(0);
    expect(usedAt('a page of 1 GiB touched', 1_048_576)).to.equal(1);
    expect(usedAt('a page of 1 GiB given back', 1_048_576)).to.equal(0);
  });

  it('that are in use outlast an operator who wants fewer', () => {
    const totalAt = (step: string) => pagesAt(step, 0).daemonTotal + pagesAt(step, 1).daemonTotal;
    expect(usedAt('fewer than are in use')).to.equal(30);
    expect(totalAt('fewer than are in use')).to.be.at.least(30);
    expect(totalAt('given back')).to.be.below(30);
  });
});
