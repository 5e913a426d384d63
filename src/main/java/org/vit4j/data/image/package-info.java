/**
 * Image files to bytes, with the pixels of Pillow's {@code Image.open(file).convert("RGB")}.
 *
 * <p>PNG, BMP, GIF, PNM and most TIFF files are decoded in Java; JPEG, WebP and the other TIFF compressions by OpenCV.
 * Where OpenCV's natives are missing, and for CMYK, JPEG is decoded by {@code javax.imageio}.
 */
package org.vit4j.data.image;
