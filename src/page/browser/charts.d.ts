/** Made when the page is built: the charts of all state machines. */
declare module 'epa:charts' {
  const charts: readonly import('../drawn-chart.js').DrawnChart[];
  export default charts;
}
