/**
 * Reports of runs: the HTML report of a run, the comparison of several runs, model summaries, diagrams, contact sheets
 * and TensorBoard event files.
 *
 * <p>Begin with {@link org.vit4j.report.RunRecord}, which reads a run directory, and {@link
 * org.vit4j.report.RunReport}, its HTML page. {@link org.vit4j.report.Chart} draws curves as SVG. Pages are
 * self-contained: styles and scripts are resources of this package and are embedded by {@link org.vit4j.report.Html}.
 */
package org.vit4j.report;
