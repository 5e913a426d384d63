/**
 * The networks that lucidrains/vit-pytorch 0.20.2 and rishikksh20/CeiT-pytorch print, one file per network; {@code
 * flavor: community}. Their parameters have the names of the official network wherever both have the same module.
 */
package org.vit4j.models.community;
