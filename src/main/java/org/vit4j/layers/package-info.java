/**
 * Building blocks of the networks: attention variants, MLPs, patch embeddings, stems and cells.
 *
 * <p>Each block is a record of its sizes with a {@code build} method that adds operations to a {@link
 * org.vit4j.graph.Graph}, or a class with static methods if it has no sizes. Blocks that several networks share read
 * their own keys of a {@code model:} section: {@code read} reads the keys at once and returns a supplier, which checks
 * the values and creates the block when the whole section could be read. Start with {@link
 * org.vit4j.layers.Attention} and {@link org.vit4j.layers.TransformerBlock}. Shapes are those of {@link
 * org.vit4j.graph}.
 */
package org.vit4j.layers;
