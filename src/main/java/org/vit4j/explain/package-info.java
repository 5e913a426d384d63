/**
 * Explanations of a trained network: Grad-CAM, attention rollout, attention maps, mean attention distance, similarity
 * of attention maps, saliency and features.
 *
 * <p>Everything is computed from the graph and its named tensors, so every architecture is supported without code of
 * its own. Begin with {@link org.vit4j.explain.Explainer}, the API for one model; {@link org.vit4j.explain.ExplainRun}
 * writes the files of the {@code explain} command. {@link org.vit4j.explain.Rollout} and {@link
 * org.vit4j.explain.GradCam} hold the algorithms.
 */
package org.vit4j.explain;
