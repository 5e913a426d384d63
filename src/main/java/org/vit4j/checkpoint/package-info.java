/**
 * Reading of pretrained weights from checkpoints and saved models: file formats, name matching, and adaptation to
 * another image size, number of classes or channels. Start with {@link org.vit4j.checkpoint.WeightTransfer}, which
 * loads {@link org.vit4j.checkpoint.PretrainedWeights} into a graph; {@link org.vit4j.checkpoint.StateDict} opens
 * checkpoint files. The package depends on graphs, on no particular architecture, and needs no native code.
 */
package org.vit4j.checkpoint;
