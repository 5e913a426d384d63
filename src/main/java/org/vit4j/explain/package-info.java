/**
 * What a network looks at: Grad-CAM, attention rollout, attention maps, mean attention distance, similarity of maps,
 * saliency, features. Everything is read off the graph and its named tensors, so that it serves every architecture.
 */
package org.vit4j.explain;
