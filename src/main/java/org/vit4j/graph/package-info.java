/**
 * Layer-level graph of a network. Models build it; backends, Keras and ONNX export, summaries and plots read it.
 *
 * <p>Start with {@link org.vit4j.graph.Graph}, which builds the graph, and {@link org.vit4j.graph.Op}, the list of
 * operations. Plain Java without native code.
 *
 * <p>Images are channels-last, {@code [H, W, C]}; tokens are {@code [T, D]}; attention maps are {@code [H, T, S]}. The
 * batch axis is implied in every shape. Letters: B batch, T tokens, S source tokens, D width, H heads (or height), d
 * head width, C channels, K classes.
 */
package org.vit4j.graph;
