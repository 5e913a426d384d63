/**
 * Parameter names of published checkpoints: timm, the authors' code, Hugging Face, Google Research and vit-pytorch.
 *
 * <p>Start with {@link org.vit4j.checkpoint.names.NameSchemes}, which lists the schemes of each network; {@link
 * org.vit4j.checkpoint.names.CheckpointNames} is one scheme.
 */
package org.vit4j.checkpoint.names;
