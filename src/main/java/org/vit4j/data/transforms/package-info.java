/**
 * Transforms of training images, and the image operations behind them.
 *
 * <p>{@link org.vit4j.data.transforms.Transform} is the interface that every transform implements, and that users of the
 * library implement for their own. {@link org.vit4j.data.transforms.AugmentReader} reads {@code data.augment}; a new
 * transform needs its file and one line there. Operations have the values of Pillow, torchvision and timm.
 */
package org.vit4j.data.transforms;
