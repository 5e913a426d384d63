/**
 * Decoders of image files, with the pixels of Pillow's {@code Image.open(file).convert("RGB")}. Begin with
 * {@link org.vit4j.data.image.ImageDecoder}.
 *
 * <p>PNG, BMP, GIF, PNM and most TIFF files are decoded in Java; JPEG, WebP and the other TIFF compressions by OpenCV.
 * CMYK, and any JPEG if OpenCV's natives are missing, is decoded by {@code javax.imageio}.
 */
package org.vit4j.data.image;
