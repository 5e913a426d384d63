/**
 * The layer-level graph that everything else reads: lowering to SameDiff, Keras files, summaries, counts.
 *
 * <p>Plain Java; no native code is loaded here. Images are channels-last, {@code [H, W, C]}; tokens are
 * {@code [T, D]}; attention maps are {@code [H, T, S]}. The batch axis is implied in every shape. Letters: B batch, T
 * tokens, S source tokens, D width, H heads (or height), d head width, C channels, K classes.
 */
package org.vit4j.graph;
