/**
 * Drawings of a network's graph: a box for each layer, a frame for each stage and block, shapes on the arrows; written
 * as SVG or PNG.
 *
 * <p>Begin with {@link org.vit4j.plot.ModelPlot}. {@code ModuleTree} groups tensors into modules by their names, {@code
 * PlotLayout} positions them, and {@link org.vit4j.plot.Drawing} holds the resulting shapes.
 */
package org.vit4j.plot;
