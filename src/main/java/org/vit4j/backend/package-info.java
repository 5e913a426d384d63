/**
 * Execution of graphs: inference, and training steps with loss and gradients.
 *
 * <p>Start with {@link org.vit4j.backend.Backend}, which creates an {@link org.vit4j.backend.Inference} or a {@link
 * org.vit4j.backend.GradientStep} over a graph and its {@link org.vit4j.backend.ParameterStore}. There are two
 * implementations: {@code onednn}, the fast one for CPUs, and {@code samediff}, the reference on any ND4J backend. They
 * share {@link org.vit4j.backend.MemoryPlanner} and {@link org.vit4j.backend.PlanCache}; a further one is a {@link
 * org.vit4j.backend.BackendProvider} and one line in {@code Backend}.
 */
package org.vit4j.backend;
