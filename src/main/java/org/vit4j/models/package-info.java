/**
 * The architectures: one record per paper with its hyperparameters, its reader of the {@code model:} section and its
 * graph.
 *
 * <p>Start with {@link org.vit4j.models.ModelConfig}, the common interface, and {@link org.vit4j.models.Vit}, the
 * simplest network. {@link org.vit4j.models.Flavor} selects the reference implementation that a network reproduces;
 * {@code checkpoint.names} maps parameter names to those of published checkpoints.
 */
package org.vit4j.models;
