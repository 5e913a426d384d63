/**
 * Questions about a graph that hold for any architecture, each answered once: positions of tokens on the image, the
 * tree of modules, heads and stems, the tensors that the logits depend on, and the memory of training.
 *
 * <p>Start with {@link org.vit4j.graph.analysis.SpatialMap} and {@link org.vit4j.graph.analysis.ModelAnatomy}. Plain
 * Java without native code.
 */
package org.vit4j.graph.analysis;
