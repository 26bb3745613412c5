/** The page of an inspection. */

import { render } from 'preact';

const place = document.getElementById('page');
if (place !== null) render(<p>It is being built.</p>, place);
